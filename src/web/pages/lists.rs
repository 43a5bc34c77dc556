use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload, block};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::context::PageContext;
use super::inputs::Inputs;
use super::named_shared::{Subject, names, path_of, routes_by_key, save as save_item};
use super::route_words::capitalised;
use super::{form_body, form_value, page, page_with, see_other};
use crate::accounts::action::Actor;
use crate::fields::Problem;
use crate::i18n::{ListsTexts, SharedTexts, problems};
use crate::routing::named::{Key, MAX_LIST_NUMBERS, NumberList};
use crate::routing::paste::{Pasted, read_lines};
use crate::routing::problem::RouteProblem;
use crate::service::state::AppState;
use crate::store::shared::{RouteName, SharedError, Versioned, find_named, list_named};
use crate::web::access::principal::author;
use crate::web::error::Error;
use crate::web::extract::query::{parameter, parameters};

pub(super) const LIST: &str = "/routes/lists";
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
    form: Inputs,
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

/// Handles `GET /routes/new-list`: shows the empty form.
pub async fn new(context: PageContext) -> Result<HttpResponse, Error> {
    page(&ListPage::new(context, Inputs::default(), Subject::default()))
}

/// Handles `GET /routes/lists/{name}`: shows the form of a stored list.
pub async fn edit(
    request: HttpRequest,
    path: Path<String>,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let stored = found(&state, &path).await?;
    let subject = Subject { saved: saved(&request, &context), ..subject_of(&stored) };
    page(&ListPage::stored(context, &stored.item, subject, &state))
}

/// Handles `POST /routes/lists`: creates a list.
pub async fn create(
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let inputs = Inputs::read(&form_body(&request, payload).await?);
    store(inputs, Subject::default(), context, &state, &author(&request)).await
}

/// Handles `POST /routes/lists/{name}`: saves a changed list.
pub async fn save(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let form = form_body(&request, payload).await?;
    let mut subject = subject_of(&found(&state, &path).await?);
    subject.version = form_value(&form, "version").to_owned();
    store(Inputs::read(&form), subject, context, &state, &author(&request)).await
}

/// Handles `POST /routes/lists/{name}/delete`: deletes a list that no route uses.
pub async fn remove(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    mut context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    form_body(&request, payload).await?;
    match state.routing.remove_named::<NumberList>(&path, &author(&request)).await {
        Ok(()) => Ok(see_other(LIST)),
        Err(SharedError::Used(routes)) => {
            let stored = found(&state, &path).await?;
            let in_use = Some((context.texts.shared.in_use)(&names(&routes)));
            let subject = Subject { in_use, ..subject_of(&stored) };
            context.here = path_of(LIST, &stored.item.name);
            page_with(StatusCode::CONFLICT, &ListPage::stored(context, &stored.item, subject, &state))
        }
        Err(error) => Err(error.into()),
    }
}

/// Saves the list if all its lines are valid; otherwise saves nothing and shows the form with its errors.
async fn store(
    mut inputs: Inputs,
    mut subject: Subject,
    context: PageContext,
    state: &Data<AppState>,
    by: &Actor,
) -> Result<HttpResponse, Error> {
    let name = subject.name.clone().unwrap_or_else(|| inputs.value("name").trim().trim_start_matches('@').to_owned());
    let pasted = read(inputs.value("numbers").to_owned(), state).await?;
    note_wrong(&mut inputs, &name, &pasted, &context);
    if !inputs.errors().is_empty() {
        return page_with(StatusCode::BAD_REQUEST, &ListPage::new(context, inputs, subject));
    }
    let item = NumberList { name, numbers: pasted.numbers };
    match save_item(state, &item, &mut inputs, &mut subject, &context, by).await? {
        Some(status) => page_with(status, &ListPage::new(context, inputs, subject)),
        None => {
            let (saved, doubled) = (item.numbers.len(), pasted.doubled);
            Ok(see_other(&format!("{}?saved={saved}&doubled={doubled}", path_of(LIST, &item.name))))
        }
    }
}

/// Parses the pasted numbers on the blocking thread pool, because many numbers would hold up other requests.
async fn read(text: String, state: &Data<AppState>) -> Result<Pasted, Error> {
    let derivation = state.derivation.clone();
    let pasted = block(move || read_lines(&text, &derivation.numbering)).await;
    pasted.map_err(|error| Error::Internal(error.to_string()))
}

fn note_wrong(inputs: &mut Inputs, name: &str, pasted: &Pasted, context: &PageContext) {
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

async fn found(state: &AppState, path: &str) -> Result<Versioned<NumberList>, Error> {
    let key = Key::parse(path).ok_or(Error::NotFound)?;
    find_named(&state.db, &key).await?.ok_or(Error::NotFound)
}

fn subject_of(stored: &Versioned<NumberList>) -> Subject {
    Subject { name: Some(stored.item.name.clone()), version: stored.version.to_string(), ..Subject::default() }
}

fn counted(count: usize, context: &PageContext, words: fn(usize, &str) -> String) -> String {
    words(count, &context.format.number(i64::try_from(count).unwrap_or(i64::MAX)))
}

/// Returns the confirmation of the save that the redirect's query parameters describe.
fn saved(request: &HttpRequest, context: &PageContext) -> Option<String> {
    let parameters = parameters(request);
    let count = |name| parameter(&parameters, name).and_then(|value| value.parse::<usize>().ok());
    let t = &context.texts.shared.lists;
    let saved = counted(count("saved")?, context, t.saved);
    let doubled = count("doubled").filter(|count| *count > 0).map(|count| counted(count, context, t.doubled));
    Some([Some(saved), doubled].into_iter().flatten().collect::<Vec<_>>().join(" "))
}

impl ListPage {
    fn new(context: PageContext, form: Inputs, subject: Subject) -> Self {
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

    fn stored(context: PageContext, list: &NumberList, subject: Subject, state: &AppState) -> Self {
        let mut form = Inputs::default();
        form.set("numbers", list.numbers.join("\n"));
        let numbering = &state.derivation.numbering;
        let named = |number: &String| Some((number.clone(), context.names.any(number, numbering)?.to_string()));
        let known = list.numbers.iter().filter_map(named).take(MOST_KNOWN).collect();
        Self { known, ..Self::new(context, form, subject) }
    }
}
