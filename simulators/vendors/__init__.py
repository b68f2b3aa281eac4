"""One vendor a folder, each exporting ROOM; they never import each other."""
