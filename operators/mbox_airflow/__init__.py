"""The Airflow provider of mbox-ops: operators, sensors and a hook."""
