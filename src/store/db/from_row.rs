//! A macro that maps rows to structs.

/// Implements `FromRow` of both databases for a struct: each field from the column of its name, `..inner` from the same
/// row.
macro_rules! from_row {
    ($struct:ident: $($field:ident),+ $(, ..$inner:ident)?) => {
        $crate::store::db::from_row::from_row!(sqlx::sqlite::SqliteRow, $struct: $($field),+ $(, ..$inner)?);
        $crate::store::db::from_row::from_row!(sqlx::postgres::PgRow, $struct: $($field),+ $(, ..$inner)?);
    };
    ($row:ty, $struct:ident: $($field:ident),+ $(, ..$inner:ident)?) => {
        impl sqlx::FromRow<'_, $row> for $struct {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                use sqlx::Row as _;
                Ok(Self {
                    $($field: row.try_get(stringify!($field))?,)+
                    $($inner: sqlx::FromRow::from_row(row)?,)?
                })
            }
        }
    };
}
pub(in crate::store) use from_row;
