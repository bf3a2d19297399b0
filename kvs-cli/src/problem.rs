//! What is wrong, for a person: what happened, where, and what is allowed.

use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

/// One thing that is wrong.
#[derive(Debug)]
pub(crate) struct Problem {
    message: String,
    help: Option<String>,
    place: Option<Box<Place>>,
}

/// The line in a file of the user's that is wrong.
#[derive(Debug)]
struct Place {
    source: NamedSource<Arc<str>>,
    span: Range<usize>,
    label: String,
}

/// A text file of the user's, to point into.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) name: String,
    pub(crate) text: Arc<str>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
            place: None,
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says of what it is.
    pub(crate) fn of(mut self, name: &str) -> Self {
        self.message = format!("{name}: {}", self.message);
        self
    }

    /// Points at bytes of a file.
    pub(crate) fn at(mut self, file: &Text, span: Range<usize>, label: impl Into<String>) -> Self {
        let source = NamedSource::new(&file.name, Arc::clone(&file.text));
        self.place = Some(Box::new(Place {
            source,
            span,
            label: label.into(),
        }));
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Problem {}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.help.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place
            .as_ref()
            .map(|place| &place.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.place.as_ref()?;
        let label = LabeledSpan::new_with_span(Some(place.label.clone()), place.span.clone());
        Some(Box::new(std::iter::once(label)))
    }
}

/// All that is wrong: a person would rather hear of it at once.
#[derive(Debug)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

/// What a command gives.
pub(crate) type Result<T, E = Problems> = std::result::Result<T, E>;
