"""What a server gets besides its packet filter, as resources of a stack: its certificate, and the files of the platform's services."""
