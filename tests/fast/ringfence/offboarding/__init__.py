"""Tests of the end of a tenant, as far as it is done."""
