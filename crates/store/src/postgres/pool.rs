//! A few connections that readers share.

use super::{Connection, Failure, Postgres};
use std::ops::Deref;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Connections of one pool; more readers than this wait for one another.
const CONNECTIONS_MAX: usize = 4;

/// The pool of one schema.
pub(crate) struct Pool {
    postgres: Postgres,
    schema: String,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    lent: usize,
}

impl Pool {
    pub(crate) fn new(postgres: &Postgres, schema: &str) -> Self {
        let (state, returned) = (Mutex::default(), Condvar::new());
        Self { postgres: postgres.clone(), schema: schema.to_owned(), state, returned }
    }

    pub(crate) fn postgres(&self) -> &Postgres {
        &self.postgres
    }

    /// A connection of its own, outside the pool's count.
    pub(crate) fn connect(&self) -> Result<Connection, Failure> {
        self.postgres.connect(Some(&self.schema))
    }

    /// A connection that answers, or the reason why there is none.
    pub(crate) fn lend(&self) -> Result<Lent<'_>, Failure> {
        let mut state = self.lock();
        while state.lent >= CONNECTIONS_MAX {
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.lent += 1;
        let waiting = std::iter::from_fn(|| state.idle.pop()).find(Connection::is_sound);
        drop(state);
        let mut lent = Lent { pool: self, connection: waiting };
        if lent.connection.is_none() {
            lent.connection = Some(self.connect()?);
        }
        Ok(lent)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that goes back to its pool by itself.
pub(crate) struct Lent<'p> {
    pool: &'p Pool,
    connection: Option<Connection>,
}

impl Deref for Lent<'_> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("taken only when it is dropped")
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        state.lent -= 1;
        if let Some(connection) = self.connection.take().filter(Connection::is_sound) {
            state.idle.push(connection);
        }
        drop(state);
        self.pool.returned.notify_one();
    }
}
