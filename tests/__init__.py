"""What holds the labs together: `python3 -m utils test` runs it all."""
