"""The guest image, judged by a real boot and by the kernel's own nftables."""
