"""How SaaS behaves, one behaviour a file. Mechanism only: the numbers are the vendor's."""
