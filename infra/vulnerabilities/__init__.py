"""Known vulnerabilities of Debian packages: Debian's data, what a server has installed, and until when what concerns it must be mended."""
