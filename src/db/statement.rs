//! Statements kept in `.sql` files.
//!
//! The query builder cannot write them, and a plain `sql_query` is prepared anew on each call. These have a static
//! identity, so each connection prepares them once.

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::AstPass;

/// Parameters of a statement file. Each `$n` first occurs in the order of the numbers; later ones only repeat it.
pub(super) trait Binds {
    /// The text of the file.
    const SQL: &'static str;
    /// How many parameters it has.
    const COUNT: usize;
    /// Hands over parameter `n`, counted from 1.
    fn bind<'b>(&'b self, n: usize, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

/// Writes the text and hands over the parameters where they first occur.
pub(super) fn walk<'b, S: Binds>(statement: &'b S, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
    let mut rest = S::SQL;
    for n in 1..=S::COUNT {
        let Some((before, after)) = split_at_parameter(rest, n) else {
            return Err(diesel::result::Error::QueryBuilderError(format!("no parameter ${n} in the statement").into()));
        };
        out.push_sql(before);
        statement.bind(n, out)?;
        rest = after;
    }
    out.push_sql(rest);
    Ok(())
}

fn split_at_parameter(text: &str, n: usize) -> Option<(&str, &str)> {
    let name = format!("${n}");
    let mut from = 0;
    while let Some(found) = text.get(from..)?.find(&name) {
        let (start, end) = (from + found, from + found + name.len());
        if !text.get(end..)?.starts_with(|c: char| c.is_ascii_digit()) {
            return Some((text.get(..start)?, text.get(end..)?));
        }
        from = end;
    }
    None
}

/// Declares a statement: its parameters in order with their SQL types, its file and the SQL types of its rows.
macro_rules! sql_file {
    ($(#[$doc:meta])* $vis:vis struct $name:ident<'a> in $file:literal {
        $($n:literal => $field:ident: $ty:ty as $sql:ty),* $(,)?
    } -> $row:ty) => {
        $(#[$doc])*
        $vis struct $name<'a> {
            $(pub(super) $field: $ty,)*
            pub(super) marker: std::marker::PhantomData<&'a ()>,
        }
        impl $crate::db::statement::Binds for $name<'_> {
            const SQL: &'static str = include_str!($file);
            const COUNT: usize = <[usize]>::len(&[$($n),*]);
            fn bind<'b>(
                &'b self,
                n: usize,
                out: &mut diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                // A statement without parameters has nothing to hand over.
                let _ = &out;
                match n {
                    $($n => out.push_bind_param::<$sql, _>(&self.$field),)*
                    _ => Ok(()),
                }
            }
        }
        impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for $name<'_> {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                $crate::db::statement::walk(self, &mut out)
            }
        }
        impl<'a> diesel::query_builder::QueryId for $name<'a> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }
        impl<'a> diesel::query_builder::Query for $name<'a> {
            type SqlType = $row;
        }
    };
}
pub(super) use sql_file;

#[cfg(test)]
mod tests {
    use super::split_at_parameter;

    #[test]
    fn parameter_is_found_whole() {
        assert_eq!(split_at_parameter("a $10 b $1 c", 1), Some(("a $10 b ", " c")));
        assert_eq!(split_at_parameter("a $10", 10), Some(("a ", "")));
        assert_eq!(split_at_parameter("a $2", 1), None);
    }
}
