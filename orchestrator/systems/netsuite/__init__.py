"""NetSuite as the ERP of the ports: `PUT eid:` upserts, record transforms for invoices, SuiteQL to see what changed."""
