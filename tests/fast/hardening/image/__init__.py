"""The image's recipe and its first boot, without an image and without a boot."""
