"""Turns templates into finished mails: Liquid, MJML, inlining, MIME, signatures."""
