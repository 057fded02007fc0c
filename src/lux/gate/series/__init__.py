"""Series: one yes over what repeats, within a frozen template, an audience rule, a cap and an end."""
