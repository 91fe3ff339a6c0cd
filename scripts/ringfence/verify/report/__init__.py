"""The result of a verification as files: JSON, JUnit and a page."""
