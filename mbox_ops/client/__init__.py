"""The SDK that talks to the tracking service."""
