//! Settings that are gone without a word.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::check::{retired_entry, shape};
use super::known::{Known, To};
use super::model::{Lock, Setting, path_of};
use super::problem::{Problem, is_index};
use super::rust::in_rust;

/// A problem for each setting that is gone, or for each nested struct that is gone with all that
/// was in it.
pub(super) fn problems(gone: &[&Setting], lock: &Lock, known: &Known) -> Vec<Problem> {
    let mut out = Vec::new();
    let mut groups: Vec<&str> = Vec::new();
    for was in gone {
        let Some(group) = group(&was.path, known) else {
            out.push(one(was, lock, known));
            continue;
        };
        if groups.contains(&group) {
            continue;
        }
        groups.push(group);
        let members = gone.iter().filter(|other| is_in(&other.path, group));
        out.push(many(
            group,
            &members.copied().collect::<Vec<_>>(),
            lock,
            known,
        ));
    }
    out
}

/// The outermost nested struct of a path of which nothing is left.
fn group<'a>(path: &'a str, known: &Known) -> Option<&'a str> {
    let within = path.strip_prefix(&known.prefix).unwrap_or(path);
    let start = path.len().saturating_sub(within.len());
    let dots = within.match_indices('.');
    let mut groups = dots.filter_map(|(at, _)| path.get(..start.saturating_add(at)));
    groups.find(|group| {
        let settings = &known.lock.settings;
        !settings.iter().any(|is| is_in(&is.path, group))
    })
}

fn is_in(path: &str, group: &str) -> bool {
    let rest = path.strip_prefix(group);
    rest.is_some_and(|rest| rest.starts_with('.'))
}

fn one(was: &Setting, lock: &Lock, known: &Known) -> Problem {
    let path = &was.path;
    let what = format!(
        "`{path}` ({}) is gone, and nothing takes over its value.",
        was.ty
    );
    if let Some(advice) = of_other_prefix("", &[was], lock, known) {
        return Problem::new(path, what, advice);
    }
    let name = path.rsplit('.').next().unwrap_or(path);
    let (ty, rev) = (in_rust(&was.ty), rev_of(was));
    if let Some(alias) = alias_of_other_type(was, known) {
        let advice = format!(
            "`{alias}` has `alias = \"{name}\"`, and an alias is of the field's own type and revision.\n\
             Write `migrate(from = \"{name}\", {rev}ty = {ty}, ..)` in place of it."
        );
        return Problem::new(path, what, advice);
    }
    let field = match alike(was, lock, known) {
        Some(new) => format!("the new field (`{new}`?)."),
        None => "the new field.".into(),
    };
    // An alias is of the field's own revision.
    let also = match was.rev {
        1 => String::new(),
        rev => format!(" and `rev = {rev}`"),
    };
    let entry = retired_entry(name, &ty, was.rev);
    let advice = format!(
        "If it has a new name, write `alias = \"{name}\"`{also} on {field}\n\
         If it has moved to another struct, write `migrate(from = \"/{path}\", {rev}ty = {ty})` there.\n\
         If it is not needed any more, write `#[settings(retired({entry}))]` on the struct that it was in."
    );
    Problem::new(path, what, advice)
}

/// What a `migrate(..)` says of the old revision: nothing of the first.
fn rev_of(was: &Setting) -> String {
    match was.rev {
        1 => String::new(),
        rev => format!("rev = {rev}, "),
    }
}

/// The setting that has an alias for a path, under which it does not find the values.
fn alias_of_other_type<'a>(was: &Setting, known: &'a Known) -> Option<&'a str> {
    let mut uses = known.uses.iter().filter_map(|one| match one.to {
        To::AsIs(setting) if path_of(&one.key) == was.path => known.lock.settings.get(setting),
        _ => None,
    });
    uses.next().map(|is| is.path.as_str())
}

/// What to write where only the root's `prefix` has changed: all of `members` is there, with
/// another beginning. `group` is what they begin with: the old prefix, a nested struct, or nothing.
fn of_other_prefix(
    group: &str,
    members: &[&Setting],
    lock: &Lock,
    known: &Known,
) -> Option<String> {
    let is_new = |within: &str| {
        let now = format!("{}{within}", known.prefix);
        known.lock.setting(&now).is_some() && lock.setting(&now).is_none()
    };
    let rules = members.iter().map(|was| {
        let behind = was.path.strip_prefix(group)?;
        let behind = behind.strip_prefix('.').unwrap_or(behind);
        let within = [behind, &was.path]
            .into_iter()
            .find(|within| is_new(within))?;
        let (path, ty, rev) = (&was.path, in_rust(&was.ty), rev_of(was));
        Some(format!(
            "\n`migrate(from = \"/{path}\", {rev}ty = {ty})` on `{within}`"
        ))
    });
    let rules = rules.collect::<Option<String>>()?;
    Some(format!(
        "If only the `prefix` is another one, name the old values in full:{rules}\n\
         If they are not needed any more, write `retired(\"/..\": ..)` with these paths and types."
    ))
}

/// The one new setting with values of the same shape, if there is one.
fn alike<'a>(was: &Setting, lock: &Lock, known: &'a Known) -> Option<&'a str> {
    let settings = known.lock.settings.iter();
    let mut alike = settings.filter(|is| {
        lock.setting(&is.path).is_none() && shape(is) == shape(was) && is.rev == was.rev
    });
    let found = alike.next()?;
    alike.next().is_none().then_some(found.path.as_str())
}

fn many(group: &str, members: &[&Setting], lock: &Lock, known: &Known) -> Problem {
    let names: Vec<_> = members
        .iter()
        .map(|was| was.path.get(group.len().saturating_add(1)..).unwrap_or(""))
        .collect();
    let what = format!(
        "`{group}` is gone with all that was in it (`{}`), and nothing takes over the values.",
        names.join("`, `")
    );
    if let Some(advice) = of_other_prefix(group, members, lock, known) {
        return Problem::new(group, what, advice);
    }
    let (parent, name) = group.rsplit_once('.').unwrap_or(("", group));
    // The items of an array are in the struct that it is in.
    let base = match is_index(name) {
        true => parent.rsplit_once('.').map_or("", |(parent, _)| parent),
        false => parent,
    };
    let entries = members.iter().map(|was| {
        let name = was.path.strip_prefix(base).unwrap_or(&was.path);
        let name = name.strip_prefix('.').unwrap_or(name);
        retired_entry(name, &in_rust(&was.ty), was.rev)
    });
    let entries = entries.collect::<Vec<_>>().join(", ");
    let mut advice = String::new();
    if !is_index(name) {
        advice = format!("If it has a new name, write `alias = \"{name}\"` on the new field.\n");
    }
    advice.push_str(&format!(
        "If it is not needed any more, write `#[settings(retired({entries}))]` on the struct that it was in."
    ));
    Problem::new(group, what, advice)
}
