"""Pages of the room: a company's own, the operators', and two addresses for machines."""

from lux.rooms.diagnostics.pages.company import diagnostics
from lux.rooms.diagnostics.pages.operators import operate
from lux.rooms.diagnostics.pages.probes import probes

blueprints = (diagnostics, operate, probes)
