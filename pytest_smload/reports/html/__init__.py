"""The run as one HTML page that opens anywhere, offline: verdicts, findings, tables and charts."""
