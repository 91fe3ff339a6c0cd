"""What parts of the lab know one another by: passwords, accounts of Ceph, the certificate of the APIs."""
