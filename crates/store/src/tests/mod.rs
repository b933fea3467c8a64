//! The conformance suite: the same tests on files and on a real PostgreSQL, every question of the store among them.

mod coverage;
mod desk;
mod engine;
mod journal;
mod lease;
mod login;
mod notices;
mod proxy;
mod schema;
mod standby;
mod tls;
mod views;
