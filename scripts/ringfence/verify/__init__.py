"""Live verification: what packets, the API and the storage say, held against what the declarations allow."""
