"""Layout, macros, assets, security headers, and what every page needs: access, session, forms."""
