"""The blueprint of the website's pages for people who are signed in."""

from flask import Blueprint

site = Blueprint("site", __name__, template_folder="../templates", url_prefix="/website")
