"""What a data model says: the format of the model files, read and checked before a row is made."""
