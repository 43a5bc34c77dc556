//! A batch of statements that return nothing, made first and sent together where the engine takes that: each hand-over
//! to SQLite's thread and back costs more than some rows.

use sqlx::{Arguments, Database, QueryBuilder};

use super::engine::for_both_engines;
use super::error::StoreError;

/// The length of a text of statements, in bytes, from which on another one is begun; SQLite takes up to a million.
const LONGEST_TEXT: usize = 400_000;
/// Initial capacity for the values and the text of some hundred events, or both would grow step by step.
const USUAL_VALUES: usize = 2_500;
const USUAL_TEXT: usize = 16_000;

for_both_engines! {
    /// A batch of statements in the order in which they are to be executed.
    pub struct Writes {
        /// Texts of statements that are complete, each of which is sent at once.
        complete: Vec<QueryBuilder<Engine>>,
        open: QueryBuilder<Engine>,
    }

    impl Writes {
        pub fn new() -> Self {
            Self { complete: Vec::new(), open: empty() }
        }

        /// Returns the builder that the next statement is written to.
        pub fn query(&mut self) -> &mut QueryBuilder<Engine> {
            &mut self.open
        }

        pub fn end_statement(&mut self) {
            if DIALECT.several_at_once && self.open.sql().as_str().len() < LONGEST_TEXT {
                self.open.push(";");
            } else {
                self.complete.push(std::mem::replace(&mut self.open, empty()));
            }
        }

        /// Executes all statements.
        pub async fn send(self, connection: &mut EngineConnection) -> Result<(), StoreError> {
            let mut last = self.send_for(connection).await?;
            if !last.sql().as_str().is_empty() {
                last.build().persistent(false).execute(connection).await?;
            }
            Ok(())
        }

        /// Executes all statements but those that can be sent with a query, which is to be appended to the returned
        /// builder.
        pub async fn send_for(self, connection: &mut EngineConnection) -> Result<QueryBuilder<Engine>, StoreError> {
            for mut statements in self.complete {
                statements.build().persistent(false).execute(&mut *connection).await?;
            }
            Ok(self.open)
        }
    }

    fn empty() -> QueryBuilder<Engine> {
        let mut arguments = <Engine as Database>::Arguments::default();
        arguments.reserve(USUAL_VALUES, 0);
        QueryBuilder::with_arguments(String::with_capacity(USUAL_TEXT), arguments)
    }
}
