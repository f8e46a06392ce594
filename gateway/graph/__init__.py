"""The APIs in the form of Microsoft Graph: its REST API, and the receiver of notifications."""
