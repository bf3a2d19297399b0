//! What comes out: tables, plots, and the files that they are in.
