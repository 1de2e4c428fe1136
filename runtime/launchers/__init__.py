"""How the ranks of a run are started, watched and ended; one file per kind of target."""
