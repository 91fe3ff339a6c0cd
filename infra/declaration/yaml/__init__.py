"""Reading YAML strictly: texts, scalars, values with their lines, and what could be read in two ways."""
