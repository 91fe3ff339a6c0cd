"""Benchmarks with gates: measured on generated clouds, beside the best tools that install here, on the same data in the same run."""
