"""What the interop suites share: processes, a private Redis, a stand-in for
Comput3's API whose nodes are the real servers under test, and the worker."""
