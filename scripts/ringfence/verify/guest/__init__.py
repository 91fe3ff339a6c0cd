"""The program that runs on every server while a verification lasts; nothing here is imported by the rest of ringfence."""
