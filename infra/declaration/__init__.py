"""What a person writes: the model of ``Pulumi.<stack>.yaml``, its validation as a whole, and the JSON Schema for editors."""
