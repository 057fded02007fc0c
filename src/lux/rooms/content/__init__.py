"""What messages are made of: starter and own templates, merge fields, previews."""
