//! The load driver: plays calls at a rate with their natural pauses, or sends events one by one as fast as the answers
//! come.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::rc::Rc;
use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, interval, sleep, sleep_until, timeout};

use super::endpoint::{Endpoint, Sender};
use super::events::{Happening, ScriptedCall, Step};
use super::habits::Habits;
use super::ledger::{Ledger, Progress, Report, Request};
use super::script::Script;

/// The PBX's pause before it sends an IncomingCall again.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// The delay of a late event, in milliseconds.
const LATE_MS: std::ops::Range<u64> = 1_000..5_000;
/// Maximum delay of the second delivery of a doubled event, in milliseconds.
const DOUBLE_WITHIN_MS: u64 = 2_000;
const LOOK_EVERY: Duration = Duration::from_millis(10);
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// The parameters of a simulation.
#[derive(Clone)]
pub struct Plan {
    /// Where the events go.
    pub endpoint: Endpoint,
    /// How fast calls are made.
    pub pace: Pace,
    /// The time after which no new calls begin.
    pub duration: Option<Duration>,
    /// The number of calls after which no new ones begin.
    pub calls: Option<u64>,
    /// Maximum number of retries of a failed IncomingCall. Other events are sent once.
    pub retries: u32,
    /// The share of events delivered twice.
    pub doubled: f64,
    /// The share of events held back by seconds.
    pub late: f64,
    /// The calling behaviour of the company.
    pub habits: Habits,
    /// The seed of the random generators: the same seed gives the same calls.
    pub seed: u64,
}

/// How fast calls are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// An average number of new calls a second, at random times (Poisson process); events are sent when they happen.
    Rate(f64),
    /// A number of connections, each of which sends the next event as soon as the last is answered: for load tests.
    Flood(usize),
}

/// Maximum time to wait for answers in flight when the simulation is stopped at once.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// The instruction to a running simulation to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Go on.
    No,
    /// Begin no new calls; the running ones come to their end.
    AfterRunningCalls,
    /// End at once; running calls stay open.
    Now,
}

/// Runs the simulation on this thread until `plan` or `stop` ends it; `alongside` runs meanwhile.
///
/// # Errors
/// When no runtime can be started.
pub fn run_blocking(
    plan: Plan,
    stop: watch::Receiver<Stop>,
    on_progress: impl Fn(Progress),
    alongside: impl Future<Output = ()> + 'static,
) -> std::io::Result<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = LocalSet::new().block_on(&runtime, async {
        let alongside = tokio::task::spawn_local(alongside);
        let report = run(plan, stop, on_progress).await;
        alongside.abort();
        report
    });
    // Does not wait for blocking tasks: a DNS lookup may take for ever.
    runtime.shutdown_background();
    Ok(report)
}

/// Runs the simulation within the `LocalSet` of the caller, until `plan` or `stop` ends it.
pub async fn run(plan: Plan, stop: watch::Receiver<Stop>, on_progress: impl Fn(Progress)) -> Report {
    let pace = plan.pace;
    let deadline = plan.duration.map(|duration| Instant::now() + duration);
    let exchange = Rc::new(Exchange::new(plan));
    let mut running = JoinSet::new();
    let work = async {
        let no_new_calls = async {
            tokio::select! {
                () = told(stop.clone(), Stop::AfterRunningCalls) => {}
                () = at(deadline) => {}
            }
            exchange.closed.set(true);
        };
        match pace {
            Pace::Rate(rate) => {
                tokio::select! {
                    () = no_new_calls => {}
                    () = exchange.begin_calls(rate, &mut running) => {}
                }
                while running.join_next().await.is_some() {}
            }
            Pace::Flood(connections) => {
                for _ in 0..connections {
                    running.spawn_local(Rc::clone(&exchange).flood());
                }
                let all_done = async { while running.join_next().await.is_some() {} };
                tokio::pin!(all_done);
                tokio::select! {
                    () = no_new_calls => all_done.await,
                    () = &mut all_done => {}
                }
            }
        }
    };
    tokio::select! {
        () = work => {}
        () = told(stop.clone(), Stop::Now) => {}
        () = report_progress(&exchange, &on_progress) => {}
    }
    exchange.last_answers().await;
    running.shutdown().await;
    let ledger = exchange.ledger.borrow();
    on_progress(ledger.progress());
    ledger.report()
}

async fn report_progress(exchange: &Exchange, on_progress: &impl Fn(Progress)) {
    let mut ticks = interval(PROGRESS_EVERY);
    loop {
        ticks.tick().await;
        let progress = exchange.ledger.borrow().progress();
        on_progress(progress);
    }
}

async fn told(mut stop: watch::Receiver<Stop>, how: Stop) {
    if stop.wait_for(|told| *told >= how).await.is_err() {
        pending::<()>().await;
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => pending().await,
    }
}

/// The state shared by all simulated calls.
struct Exchange {
    sender: Sender,
    ledger: RefCell<Ledger>,
    script: RefCell<Script>,
    manners: RefCell<StdRng>,
    closed: Cell<bool>,
    /// Whether sending has ended.
    is_over: Cell<bool>,
    /// The number of requests in flight.
    asking: Cell<usize>,
    calls: Option<u64>,
    retries: u32,
    doubled: f64,
    late: f64,
}

/// One scheduled request of a call.
struct Errand {
    step: usize,
    at_ms: u64,
    kind: Request,
}

impl Exchange {
    fn new(plan: Plan) -> Self {
        Self {
            sender: Sender::new(plan.endpoint),
            ledger: RefCell::new(Ledger::open()),
            script: RefCell::new(Script::new(plan.habits, plan.seed)),
            manners: RefCell::new(StdRng::seed_from_u64(plan.seed.wrapping_add(1))),
            closed: Cell::new(false),
            is_over: Cell::new(false),
            asking: Cell::new(0),
            calls: plan.calls,
            retries: plan.retries,
            doubled: plan.doubled,
            late: plan.late,
        }
    }

    /// Begins calls with exponentially distributed pauses until no more are wanted.
    async fn begin_calls(self: &Rc<Self>, rate: f64, running: &mut JoinSet<()>) {
        let mut next = Instant::now();
        while self.wants_calls() {
            sleep_until(next).await;
            let Some((number, call, errands)) = self.next_call() else { return };
            running.spawn_local(Rc::clone(self).play(number, call, errands, next));
            while running.try_join_next().is_some() {}
            let part: f64 = self.manners.borrow_mut().random();
            next += Duration::from_secs_f64((-(1.0 - part).ln() / rate).min(3600.0));
        }
    }

    /// Plays one call in real time.
    async fn play(self: Rc<Self>, number: u64, call: ScriptedCall, errands: Vec<Errand>, started: Instant) {
        futures_util::future::join_all(errands.iter().map(|errand| async {
            sleep_until(started + Duration::from_millis(errand.at_ms)).await;
            self.run(errand, number, &call).await;
        }))
        .await;
        self.ledger.borrow_mut().call_finished(number);
    }

    /// Sends call after call without a pause.
    async fn flood(self: Rc<Self>) {
        while let Some((number, call, errands)) = self.next_call() {
            for errand in &errands {
                self.run(errand, number, &call).await;
            }
            self.ledger.borrow_mut().call_finished(number);
        }
    }

    /// Ends sending, and waits a moment for answers in flight, so that they are counted, too.
    async fn last_answers(&self) {
        self.closed.set(true);
        self.is_over.set(true);
        let all_answered = async {
            while self.asking.get() > 0 {
                sleep(LOOK_EVERY).await;
            }
        };
        let _ = timeout(LAST_ANSWERS, all_answered).await;
    }

    fn wants_calls(&self) -> bool {
        let enough = self.calls.is_some_and(|calls| self.ledger.borrow().calls_started() >= calls);
        !enough && !self.closed.get()
    }

    fn next_call(&self) -> Option<(u64, ScriptedCall, Vec<Errand>)> {
        if !self.wants_calls() {
            return None;
        }
        let number = self.ledger.borrow_mut().call_started();
        let call = self.script.borrow_mut().next_call();
        let errands = self.errands(&call);
        Some((number, call, errands))
    }

    fn errands(&self, call: &ScriptedCall) -> Vec<Errand> {
        let mut rng = self.manners.borrow_mut();
        let mut errands = Vec::with_capacity(call.steps.len());
        for (step, Step { offset_ms, .. }) in call.steps.iter().enumerate() {
            let late_ms = if rng.random_bool(self.late) { rng.random_range(LATE_MS) } else { 0 };
            let at_ms = offset_ms + late_ms;
            let kind = if late_ms > 0 { Request::Late } else { Request::Timely };
            errands.push(Errand { step, at_ms, kind });
            if rng.random_bool(self.doubled) {
                let at_ms = at_ms + rng.random_range(0..DOUBLE_WITHIN_MS);
                errands.push(Errand { step, at_ms, kind: Request::Double });
            }
        }
        errands.sort_by_key(|errand| errand.at_ms);
        errands
    }

    async fn run(&self, errand: &Errand, number: u64, call: &ScriptedCall) {
        let step = &call.steps[errand.step];
        let retries = if step.happening == Happening::Incoming { self.retries } else { 0 };
        for attempt in 0..=retries {
            if attempt > 0 {
                sleep(RETRY_PAUSE).await;
            }
            if self.is_over.get() {
                return;
            }
            self.ledger.borrow_mut().request(if attempt > 0 { Request::Retry } else { errand.kind });
            self.asking.update(|asking| asking + 1);
            let answer = self.sender.send(&step.body).await;
            self.asking.update(|asking| asking - 1);
            let taken = answer.is_ok();
            self.ledger.borrow_mut().answer(number, call.way, step.happening, answer);
            if taken {
                return;
            }
        }
    }
}
