#include "support/journey_play.h"

#include "support/postgres_cluster.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace postrider::test {

using namespace std::chrono_literals;

namespace {

Instant const start = *parse_instant("2026-03-02T10:00:00Z");
constexpr auto period = 24h * 12;
constexpr int longest_life = 250;  // awaits

std::string quoted(std::string const& text) {
  std::string all = "'";
  for (char const c : text) all += c == '\'' ? std::string("''") : std::string(1, c);
  return all + "'";
}

}  // namespace

Task<void> start_anew(TestStore& t) {
  co_await t.store->stop();
  db::Settings settings;
  settings.database = t.database.starts_with("sqlite:") ? t.database + "+" : new_postgres_database();
  t.database = settings.database;
  t.store = db::open_store(t.executor(), settings);
  t.clock.set(start);
  t.ids = CountedIds();
  co_await t.store->start();
  // It is the process that dies here, not the machine.
  if (t.store->dialect() == db::Dialect::sqlite) co_await t.query("pragma synchronous = off");
  co_await db::migrate(*t.store, t.clock.now());
  co_await events::ensure_partitions(*t.store, t.clock.now());
}

void JourneyPlay::Steady::fill(std::span<std::uint8_t> out) { std::ranges::fill(out, std::uint8_t{0x80}); }

JourneyPlay::JourneyPlay(TestStore& t, std::uint64_t seed, bool crashing) : t_(t), seed_(seed), crashing_(crashing), world_(t), door_(*t.store), deaths_(seed) { restart(); }

void JourneyPlay::restart() {
  door_.revive();
  engine_ = std::make_unique<journeys::Engine>(door_, t_.clock, t_.ids, steady_, world_.http, journeys::Engine::Settings());
  if (crashing_) door_.die_at(1 + static_cast<int>(deaths_.next() % longest_life));
}

Task<void> JourneyPlay::survive(Task<void> (JourneyPlay::*unit)()) {
  for (bool done = false; !done;) {
    auto const before = door_.commits();
    try {
      co_await (this->*unit)();
      done = true;
    } catch (Crash const&) {
        done = door_.commits() > before;
      restart();
    }
  }
}

Task<db::Rows> JourneyPlay::rows(std::string sql) {
  db::Statement const statement{"test", "play", db::Tag::utility, sql, sql, true};
  co_return co_await t_.store->run(statement, db::Parameters());
}

Task<void> JourneyPlay::prepare(int waves) {
  co_await world_.prepare(waves * people);
  std::vector<int> const nobody;
  lists_.push_back(co_await world_.world.static_segment("list one", nobody));
  lists_.push_back(co_await world_.world.static_segment("list two", nobody));
  read_to_ = world_.seen;
}

Task<JourneyPlay::Cast> JourneyPlay::open(int number, RandomJourneys& draw) {
  Cast cast;
  cast.wave = number;
  auto const now = to_text(t_.clock.now());
  for (int i = 0; i < journeys; ++i) {
    auto const id = *JourneyId::parse(fmt::format("00000000-0000-7000-8000-0a00{:04x}{:04x}", number, i));
    auto journey = draw.next();
    co_await t_.query(fmt::format("insert into journeys (tenant_id, id, name, status, draft, version, created_at, updated_at) values ('{}','{}','{}','active','{{}}',1,'{}','{}')",
                                  t_.tenant.str(), id.str(), id.str(), now, now));
    co_await t_.query(fmt::format("insert into journey_versions (tenant_id, journey_id, version, definition, created_at) values ('{}','{}',1,{},'{}')", t_.tenant.str(), id.str(),
                                  quoted(journey.text), now));
    cast.list += (i ? ",'" : "'") + id.str() + "'";
    cast.ids.push_back(id);
    cast.journeys.emplace(id, std::move(journey));
  }
  co_return cast;
}

Task<std::vector<std::string>> JourneyPlay::wave(int number) {
  SeededRandom random(seed_ * 10'000 + static_cast<std::uint64_t>(number));
  t_.clock.set(start);
  JourneyNames names;
  names.templates = {world_.world.letter, world_.world.letter, *TemplateId::parse("00000000-0000-7000-8000-0b0000000000")};
  names.senders = {world_.world.sender};
  names.segments = lists_;
  for (int i = 0; i <= journeys; ++i) names.journeys.push_back(*JourneyId::parse(fmt::format("00000000-0000-7000-8000-0a00{:04x}{:04x}", number, i)));
  RandomJourneys draw(random, names, t_.clock.now());
  auto const cast = co_await open(number, draw);
  while (t_.clock.now() < start + period) {
    co_await happen(cast, draw);
    if (draw.chance(30)) co_await call(cast, draw);
    if (draw.chance(20)) co_await give_orders(cast, draw);
    co_await work();
    co_await pass_time(cast, draw);
  }
  co_await t_.query("update journeys set status = 'active' where status = 'paused'");
  co_await work();
  auto told = co_await check(cast);
  co_await t_.query("update journeys set status = 'archived'");
  played_ += cast.ids.size();
  co_return told;
}

Task<void> JourneyPlay::happen(Cast const& cast, RandomJourneys& draw) {
  std::vector<events::Event> several;
  for (auto n = draw.below(4); n > 0; --n) {
    events::Event event;
    auto id = event_ids_.next();
    id.bytes[0] = 0xee;
    event.id = EventId(id);
    auto [type, properties] = draw.event();
    event.type = std::move(type);
    event.payload = std::move(properties);
    event.contact_id = person(cast, draw.below(people));
    event.occurred_at = t_.clock.now();
    several.push_back(std::move(event));
  }
  if (several.empty()) co_return;
  auto tx = co_await t_.store->begin();
  co_await events::append(tx, t_.tenant, std::move(several), t_.clock.now());
  co_await tx.commit();
}

Task<void> JourneyPlay::call_one() {
  boost::json::object variables;
  variables["seen"] = "here";
  co_await engine_->call(t_.context(), called_, caller_, std::move(variables), call_key_);
}

Task<void> JourneyPlay::call(Cast const& cast, RandomJourneys& draw) {
  called_ = cast.ids[draw.below(cast.ids.size())];
  caller_ = person(cast, draw.below(people));
  call_key_ = to_text(t_.clock.now());
  co_await survive(&JourneyPlay::call_one);
}

// What people do: take somebody out, move them, let go who was held, stop a journey and let it go on.
Task<void> JourneyPlay::give_orders(Cast const& cast, RandomJourneys& draw) {
  auto const now = to_text(t_.clock.now());
  auto const chosen = cast.ids[draw.below(cast.ids.size())];
  if (draw.chance(20)) co_await t_.query("update journeys set status = 'paused' where status = 'active' and id = '" + chosen.str() + "'");
  if (draw.chance(40)) co_await t_.query("update journeys set status = 'active' where status = 'paused'");
  if (draw.chance(50)) co_await t_.query("update journey_executions set held_at = null, error = null, due_at = '" + now + "' where held_at is not null and journey_id in (" + cast.list + ")");
  auto const moving = co_await rows("select id, journey_id from journey_executions where status in ('active', 'waiting') and journey_id in (" + cast.list +
                                    ") order by journey_id, contact_id, entered_at, visit, node_id");
  if (moving.empty()) co_return;
  auto const one = moving[draw.below(moving.size())];
  auto const& nodes = cast.journeys.at(one.id<JourneyId>(1)).definition.nodes;
  auto at = draw.below(nodes.size());
  while (nodes[at].kind == "trigger") at = draw.below(nodes.size());
  auto const order = draw.chance(40) ? std::string(R"({"leave": "by hand"})") : R"({"move": ")" + nodes[at].id + "\"}";
  co_await t_.query("update journey_executions set orders = '" + order + "', due_at = '" + now + "' where id = '" + one.text(0) + "'");
}

Task<void> JourneyPlay::pass_time(Cast const& cast, RandomJourneys& draw) {
  auto const next = co_await rows("select min(e.due_at) from journey_executions e join journeys j on j.id = e.journey_id where j.status = 'active' and e.journey_id in (" + cast.list + ")");
  auto const something = t_.clock.now() + 1min * static_cast<int>(draw.below(1500));
  auto to = std::min(next[0].maybe_instant(0).value_or(something), something);
  to = std::max(to, t_.clock.now() + 20min);
  if (draw.chance(3)) to += 9h;
  t_.clock.set(to);
}

Task<void> JourneyPlay::read_events() {
  reading_to_ = read_to_;
  auto const happened = co_await events::read_after(door_, read_to_, 500);
  read_some_ = !happened.empty();
  if (happened.empty()) co_return;
  reading_to_ = happened.back().position;
  auto tx = co_await door_.begin(db::Lane::background);
  co_await engine_->on_events(tx, t_.tenant, happened);
  co_await tx.commit();
}

Task<void> JourneyPlay::find_busy() { busy_ = co_await engine_->busy(); }

Task<void> JourneyPlay::step_one() {
  stepped_ = 1;  // where it dies after its commit
  stepped_ = co_await engine_->step(stepping_);
}

Task<void> JourneyPlay::run_job() {
  auto const handlers = engine_->job_handlers();
  co_await handlers.at(job_.kind)(job_);
}

// A third of the webhooks is called, and refuses; a third answers; the rest is never heard of again.
Task<void> JourneyPlay::call_webhooks() {
  auto const ready = co_await rows("select id, kind, job_key, payload from jobs where queue = 'journeys'");
  std::map<std::string, jobs::Job> sorted;
  for (auto const row : ready) {
    jobs::Job job;
    job.tenant = t_.tenant;
    job.id = row.id<JobId>(0);
    job.kind = row.text(1);
    job.key = row.text(2);
    job.payload = row.json(3).as_object();
    auto const& body = job.payload.at("body").as_object();
    auto const order = boost::json::serialize(body.at("journey_id")) + boost::json::serialize(body.at("contact_id")) + boost::json::serialize(body.at("node_id")) +
                       boost::json::serialize(job.payload.at("visit")) + std::to_string(sorted.size());
    sorted.emplace(order, std::move(job));
  }
  for (auto& [order, job] : sorted) {
    if (!jobs_seen_.insert(job.key).second) throw std::runtime_error("a webhook was queued twice: " + job.key);
    auto const visit = boost::json::serialize(job.payload.at("visit"));
    auto const execution = std::string(job.payload.at("execution_id").as_string());
    auto const id = job.id;
    auto const fate = std::stoi(visit) % 3;
    if (fate == 0) {
      job_ = job;
      co_await survive(&JourneyPlay::run_job);
    } else if (fate == 1) {
      co_await t_.query("update journey_executions set orders = '{\"answered\": " + visit + "}', due_at = '" + to_text(t_.clock.now()) + "' where calling and orders is null and visit = " + visit +
                        " and id = '" + execution + "'");
    }
    co_await t_.query("delete from jobs where id = '" + id.str() + "'");
  }
}

Task<void> JourneyPlay::work() {
  for (int quiet = 0; quiet < 2;) {
    co_await survive(&JourneyPlay::read_events);
    read_to_ = reading_to_;
    bool const read = read_some_;
    co_await survive(&JourneyPlay::find_busy);
    auto busy = busy_;
    std::ranges::sort(busy, {}, &journeys::Engine::Busy::journey);
    int stepped = 0;
    for (auto const& each : busy) {
      stepping_ = each;
      co_await survive(&JourneyPlay::step_one);
      stepped += stepped_;
    }
    co_await call_webhooks();
    quiet = !read && stepped == 0 ? quiet + 1 : 0;
  }
}

std::string JourneyPlay::figures() const {
  return fmt::format("{} journeys, {} executions ({} ended, {} held), {} steps, {} messages, {} recorded events, {} awaits, {} crashes", played_, executions_, ended_, held_, steps_, messages_,
                     recorded_, door_.awaits(), door_.crashes());
}

}  // namespace postrider::test
