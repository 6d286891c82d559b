"""The Airflow provider, in a real Airflow against a real server."""
