"""The query languages vendors speak, each ending in the kernel's conditions or in bound SQL."""
