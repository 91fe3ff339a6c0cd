"""Controls: what hardens a server, why, and how it is seen. The image is made of them, and a booted server is asked for them."""
