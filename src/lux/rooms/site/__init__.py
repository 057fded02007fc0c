"""What happens on the company's own website, after the visitor's yes: visits, forms, events, conversions, identity."""
