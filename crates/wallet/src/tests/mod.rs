//! The wallet as a whole, on real files: payments and their proofs, races, faults, what a start refuses.

mod backups;
mod bank;
mod faults;
mod fixture;
mod history;
mod inits;
mod lists;
mod lives;
mod nodes;
mod notices;
mod payments;
mod points;
mod starts;
mod world;
