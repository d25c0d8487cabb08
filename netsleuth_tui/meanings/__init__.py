"""What numbers in Windows event logs mean: titles of events, access rights, SIDs, logon types, status codes; all as data beside this."""

from netsleuth_tui.meanings.codes import kerberos, logon_type, parameters, rights, sid_name, status
from netsleuth_tui.meanings.fields import depends_on_event, meaning
from netsleuth_tui.meanings.titles import Titles, read_titles, titles_path

__all__ = [
    "Titles",
    "depends_on_event",
    "kerberos",
    "logon_type",
    "meaning",
    "parameters",
    "read_titles",
    "rights",
    "sid_name",
    "status",
    "titles_path",
]
