"""Units of systemd that run ringfence at set times: made for this machine and folder, printed or written."""
