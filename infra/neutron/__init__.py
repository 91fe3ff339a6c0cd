"""What Neutron and its drivers mean: snapshot format, sources, driver profiles, groups rendered."""
