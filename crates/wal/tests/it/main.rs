//! The log from outside: under faults, on a full disk, and over files that were changed at random.

mod crash;
mod full_disk;
mod mutated;
