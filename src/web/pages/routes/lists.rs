use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::named_shared::{NamedPage, Subject, path_of, routes_by_key};
use super::words::capitalised;
use crate::fields::Problem;
use crate::i18n::{ListsTexts, SharedTexts, problems};
use crate::routing::named::{Key, MAX_LIST_NUMBERS, NumberList};
use crate::routing::paste::{Pasted, read_lines};
use crate::routing::problem::RouteProblem;
use crate::service::aside::aside;
use crate::service::state::AppState;
use crate::store::routes::shared::{RouteName, Versioned, list_named};
use crate::web::error::Error;
use crate::web::extract::query::{Parameters, parameter};
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::form_state::FormState;
use crate::web::pages::{page, page_with};

pub(in crate::web::pages) const LIST: &str = "/routes/lists";
/// The number of invalid lines that the form lists; further ones are only counted.
const MOST_WRONG: usize = 20;
/// The number of entries that the page shows with their contact names.
const MOST_KNOWN: usize = 200;

#[derive(Template)]
#[template(path = "pages/lists.html")]
struct ListsPage {
    context: PageContext,
    s: &'static SharedTexts,
    t: &'static ListsTexts,
    lists: Vec<Row>,
}

struct Row {
    name: String,
    href: String,
    count: String,
    routes: Vec<RouteName>,
}

#[derive(Template)]
#[template(path = "pages/list.html")]
struct ListPage {
    context: PageContext,
    s: &'static SharedTexts,
    t: &'static ListsTexts,
    title: String,
    path: String,
    form: FormState,
    subject: Subject,
    /// The listed numbers that have a name, each with that name.
    known: Vec<(String, String)>,
}

/// Handles `GET /routes/lists`: shows all named lists.
pub async fn list(context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let t = &context.texts.shared.lists;
    let mut uses = routes_by_key::<NumberList>(&state).await?;
    let row = |Versioned { item, .. }: Versioned<NumberList>| Row {
        href: path_of(LIST, &item.name),
        count: counted(item.numbers.len(), &context, t.count),
        routes: Key::parse(&item.name).and_then(|key| uses.remove(&key)).unwrap_or_default(),
        name: item.name,
    };
    let lists = list_named(&state.db).await?.into_iter().map(row).collect();
    page(&ListsPage { s: &context.texts.shared, t, lists, context })
}

impl NamedPage for NumberList {
    const LIST: &'static str = LIST;

    fn render(
        context: PageContext,
        status: StatusCode,
        form: FormState,
        subject: Subject,
        stored: Option<&Self>,
        state: &AppState,
    ) -> Result<HttpResponse, Error> {
        let known = stored.map(|list| known(list, &context, state)).unwrap_or_default();
        page_with(status, &ListPage { known, ..ListPage::new(context, form, subject) })
    }

    fn form_of(&self) -> FormState {
        let mut form = FormState::default();
        form.set("numbers", self.numbers.join("\n"));
        form
    }

    fn inputs(sent: &Parameters) -> FormState {
        FormState::read(sent)
    }

    async fn read(
        name: String,
        form: &mut FormState,
        context: &PageContext,
        state: &AppState,
    ) -> Result<Option<(Self, String)>, Error> {
        let pasted = read(form.value("numbers").to_owned(), state).await?;
        note_wrong(form, &name, &pasted, context);
        let told = format!("saved={}&doubled={}", pasted.numbers.len(), pasted.doubled);
        Ok(form.errors().is_empty().then_some((Self { name, numbers: pasted.numbers }, told)))
    }

    fn saved(parameters: &Parameters, context: &PageContext) -> Option<String> {
        let count = |name| parameter(parameters, name).and_then(|value| value.parse::<usize>().ok());
        let t = &context.texts.shared.lists;
        let saved = counted(count("saved")?, context, t.saved);
        let doubled = count("doubled").filter(|count| *count > 0).map(|count| counted(count, context, t.doubled));
        Some([Some(saved), doubled].into_iter().flatten().collect::<Vec<_>>().join(" "))
    }
}

/// Returns the listed numbers that have a name, each with that name.
fn known(list: &NumberList, context: &PageContext, state: &AppState) -> Vec<(String, String)> {
    let numbering = &state.derivation.numbering;
    let named = |number: &String| Some((number.clone(), context.names.any(number, numbering)?.to_string()));
    list.numbers.iter().filter_map(named).take(MOST_KNOWN).collect()
}

/// Parses the pasted numbers on the blocking thread pool, because many numbers would hold up other requests.
async fn read(text: String, state: &AppState) -> Result<Pasted, Error> {
    let derivation = state.derivation.clone();
    Ok(aside(move || read_lines(&text, &derivation.numbering)).await?)
}

fn note_wrong(inputs: &mut FormState, name: &str, pasted: &Pasted, context: &PageContext) {
    let s = &context.texts.shared;
    let text = |problem: &Problem| problems::text(problem, context.lang);
    if Key::parse(name).is_none() {
        inputs.note("name", s.name, capitalised(&text(&RouteProblem::Name.into())));
    }
    for (line, problem) in pasted.wrong.iter().take(MOST_WRONG) {
        inputs.note("numbers", s.lists.numbers, (s.line)(*line, &text(problem)));
    }
    if pasted.wrong.len() > MOST_WRONG {
        inputs.note("numbers", s.lists.numbers, (s.more)(pasted.wrong.len() - MOST_WRONG));
    }
    if pasted.numbers.len() > MAX_LIST_NUMBERS {
        let problem = Problem::Items(0, MAX_LIST_NUMBERS);
        inputs.note("numbers", s.lists.numbers, capitalised(&text(&problem)));
    }
}

fn counted(count: usize, context: &PageContext, words: fn(usize, &str) -> String) -> String {
    words(count, &context.format.number(i64::try_from(count).unwrap_or(i64::MAX)))
}

impl ListPage {
    fn new(context: PageContext, form: FormState, subject: Subject) -> Self {
        let s = &context.texts.shared;
        let t = &s.lists;
        Self {
            s,
            t,
            title: subject.name.as_deref().map_or(t.new.to_owned(), t.edit),
            path: subject.name.as_deref().map_or(LIST.to_owned(), |name| path_of(LIST, name)),
            form,
            subject,
            known: Vec::new(),
            context,
        }
    }
}
