"""What people see of a run: tables on the terminal, one offline HTML page, a JUnit file. It judges nothing."""
