#include "smtp.h"

#include "mime.h"

#include "postrider/base/log.h"
#include "postrider/base/metrics.h"
#include "postrider/base/offload.h"
#include "postrider/delivery/dkim.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>

#include <algorithm>
#include <deque>

namespace postrider::delivery {

namespace asio = boost::asio;

namespace {

metrics::Gauge& open_connections() {
  static auto& gauge = metrics::gauge("postrider_delivery_smtp_connections", "Open SMTP conversations");
  return gauge;
}

metrics::Counter& opened_connections(bool good) {
  static auto& worked = metrics::counter("postrider_delivery_smtp_connections_opened_total", "SMTP conversations begun", {{"result", "good"}});
  static auto& failed = metrics::counter("postrider_delivery_smtp_connections_opened_total", "SMTP conversations begun", {{"result", "failed"}});
  return good ? worked : failed;
}

// One call of `deliver`.
struct Batch {
  Batch(Executor executor, std::vector<Envelope> letters, HandOffObserver& watcher)
      : envelopes(std::move(letters)), observer(watcher), outcomes(envelopes.size()), left(envelopes.size()), done(std::move(executor)) {}

  void settle(std::size_t index, Outcome outcome) {
    outcomes[index] = std::move(outcome);
    observer.settled(index, outcomes[index]);
    if (--left == 0) done.notify();
  }

  std::vector<Envelope> envelopes;
  HandOffObserver& observer;
  std::vector<Outcome> outcomes;
  std::size_t left;
  Signal done;
};

struct Item {
  Batch* batch = nullptr;
  std::size_t index = 0;
  Envelope const& envelope() const { return batch->envelopes[index]; }
};

asio::ssl::context make_tls(SmtpOptions const& options) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  context.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 | asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                      asio::ssl::context::no_tlsv1_1);
  context.set_default_verify_paths();
  if (!options.trusted_certificates.empty()) context.add_certificate_authority(asio::buffer(options.trusted_certificates));
  return context;
}

}  // namespace

struct SmtpProvider::Pool : std::enable_shared_from_this<Pool> {
  Pool(Executor e, Offload& o, SmtpSettings s, SmtpOptions opt)
      : executor(e), offload(o), settings(std::move(s)), options(std::move(opt)), tls(make_tls(options)), group(e) {}

  // Settles what a conversation holds when the coroutine ends by an exception: an observer or a fail point threw.
  class Claim {
   public:
    Claim(std::shared_ptr<Pool> pool, Item item) : pool_(std::move(pool)), item_(item) {}
    ~Claim() {
      if (item_.batch == nullptr) return;
      Outcome outcome;
      outcome.kind = began_ ? OutcomeKind::uncertain : OutcomeKind::temporary;
      outcome.reply = "the hand-over broke off inside postrider";
      settle(std::move(outcome));
    }
    Claim(Claim const&) = delete;
    Claim& operator=(Claim const&) = delete;

    Envelope const& envelope() const { return item_.envelope(); }
    HandOffObserver& observer() const { return item_.batch->observer; }
    void began(bool value) { began_ = value; }
    void settle(Outcome outcome) { std::exchange(item_.batch, nullptr)->settle(item_.index, std::move(outcome)); }
    // Somebody else may take it.
    void give_back() {
      pool_->queue.push_front(std::exchange(item_, Item{}));
      pool_->wake(1);
    }

   private:
    std::shared_ptr<Pool> pool_;
    Item item_;
    bool began_ = false;
  };

  // Keeps the counts right however a conversation ends.
  class Seat {
   public:
    explicit Seat(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {}
    ~Seat() {
      connected(false);
      --pool_->workers;
      // An exception took a worker away while messages wait. (One that could not connect is not replaced: that would go on
      // for ever.)
      if (!refused_ && !pool_->queue.empty()) pool_->call_workers();
    }
    void refused() { refused_ = true; }
    Seat(Seat const&) = delete;
    Seat& operator=(Seat const&) = delete;
    void connected(bool value) {
      if (value == connected_) return;
      connected_ = value;
      pool_->connected += value ? 1 : -1;
      open_connections().add(value ? 1 : -1);
    }

   private:
    std::shared_ptr<Pool> pool_;
    bool connected_ = false;
    bool refused_ = false;
  };

  int most_workers() const {
    auto const held_down = std::chrono::steady_clock::now() < fewer_until;
    return held_down ? std::min(fewer, settings.max_connections) : settings.max_connections;
  }

  // Wakes up to `most` conversations that have nothing to do, and says how many.
  std::size_t wake(std::size_t most) {
    std::size_t woken = 0;
    for (; woken < most && !idle.empty(); ++woken) {
      idle.back()->notify();
      idle.pop_back();
    }
    return woken;
  }

  // Wakes or makes as many conversations as there are messages waiting.
  void call_workers() {
    auto wanted = queue.size() - wake(queue.size());
    while (wanted > 0 && workers < most_workers()) {
      ++workers;
      group.spawn("smtp conversation", work(shared_from_this()));
      --wanted;
    }
  }

  static Task<void> work(std::shared_ptr<Pool> pool) {
    Seat seat(pool);
    std::unique_ptr<SmtpSession> session;
    while (true) {
      if (pool->queue.empty()) {
        if (pool->closing) break;
        auto const woken = co_await pool->wait_for_work();
        if (!woken && pool->queue.empty()) break;
        continue;
      }
      Claim claim(pool, pool->queue.front());
      pool->queue.pop_front();
      if (session && (!session->usable() || session->sent() >= pool->options.messages_per_connection)) {
        seat.connected(false);
        co_await session->quit();
        session.reset();
      }
      // What cannot be built fails without a connection.
      auto mail = co_await pool->build(claim.envelope());
      if (!mail) {
        claim.settle(unbuildable(mail.error()));
        continue;
      }
      auto const fresh = session == nullptr;
      if (fresh) {
        session = std::make_unique<SmtpSession>(pool->executor, pool->settings, pool->options, pool->tls);
        ++pool->connecting;
        auto failed = co_await session->open();
        --pool->connecting;
        opened_connections(!failed).add();
        if (failed) {
          seat.refused();
          pool->open_failed(claim, std::move(*failed));
          break;
        }
        seat.connected(true);
      }
      claim.began(true);
      auto attempt = co_await session->send(claim.envelope(), *mail, claim.observer());
      claim.began(false);
      if (attempt.again) {
        // The text went with the attempt, so this message is built once more; that is rare.
        claim.give_back();
        continue;
      }
      claim.settle(std::move(attempt.outcome));
    }
    seat.connected(false);
    if (session) co_await session->quit();
  }

  Task<bool> wait_for_work() {
    Signal signal(executor);
    idle.push_back(&signal);
    auto const woken = co_await signal.wait_for(options.idle_time);
    std::erase(idle, &signal);
    co_return woken;
  }

  Task<Result<BuiltMail>> build(Envelope const& envelope) {
    if (!envelope.dkim || !envelope.dkim->is_slow()) co_return build_mail(envelope);
    std::function<Result<BuiltMail>()> job = [&envelope] { return build_mail(envelope); };
    auto mail = co_await offload.run(std::move(job));
    co_return mail;
  }

  static Outcome unbuildable(Error const& error) {
    Outcome outcome;
    outcome.kind = OutcomeKind::permanent;
    outcome.enhanced_status = "5.6.0";
    auto const field = error.fields.empty() ? std::string() : error.fields.front().pointer;
    if (field == "/letter/to/email" || field == "/letter/rcpt_to") {
      outcome.enhanced_status = "5.1.3";
      outcome.bounce = BounceClass::hard;
    }
    outcome.reply = bounded_reply(error.message);
    return outcome;
  }

  // A conversation could not be opened. While others talk or try, the message is theirs, and their number stays where it is
  // for a while; the last one to fail ends all that wait, rather than let each message wait for its own time-out.
  void open_failed(Claim& claim, Outcome outcome) {
    // Once for all that try at the same time.
    if (connecting == 0) log::warn("smtp_connection_failed", log::field("host", settings.host), log::field("outcome", name(outcome.kind)), log::field("reply", outcome.reply));
    if (connected > 0) {
      fewer = connected;
      fewer_until = std::chrono::steady_clock::now() + options.fewer_time;
    }
    if (connected > 0 || connecting > 0) {
      claim.give_back();
      return;
    }
    auto waiting = std::exchange(queue, {});
    for (auto const& item : waiting) item.batch->settle(item.index, outcome);
    claim.settle(std::move(outcome));
  }

  Executor executor;
  Offload& offload;
  SmtpSettings settings;
  SmtpOptions options;
  asio::ssl::context tls;
  TaskGroup group;
  std::deque<Item> queue;
  std::vector<Signal*> idle;
  int workers = 0;     // running conversations
  int connecting = 0;  // of these, how many are about to open
  int connected = 0;   // of these, how many are open
  int fewer = 0;
  std::chrono::steady_clock::time_point fewer_until = {};
  bool closing = false;
};

SmtpProvider::SmtpProvider(Executor executor, Offload& offload, SmtpSettings settings, SmtpOptions options)
    : pool_(std::make_shared<Pool>(std::move(executor), offload, std::move(settings), std::move(options))) {}

SmtpProvider::~SmtpProvider() = default;

Capabilities SmtpProvider::capabilities() const {
  return Capabilities{.channel = "email", .in_flight = static_cast<std::size_t>(pool_->settings.max_connections), .reports_delivery = false, .dkim = true};
}

Task<std::vector<Outcome>> SmtpProvider::deliver(std::vector<Envelope> letters, HandOffObserver& observer) {
  auto const pool = pool_;
  Batch batch(pool->executor, std::move(letters), observer);
  for (std::size_t i = 0; i < batch.envelopes.size(); ++i) {
    if (pool->closing) {
      Outcome outcome;
      outcome.reply = "the provider is being closed";
      batch.settle(i, std::move(outcome));
    } else {
      // What somebody waits for goes before what was queued in bulk.
      auto const place = batch.envelopes[i].transactional
                             ? std::ranges::find_if(pool->queue, [](Item const& item) { return !item.envelope().transactional; })
                             : pool->queue.end();
      pool->queue.insert(place, Item{&batch, i});
    }
  }
  pool->call_workers();
  while (batch.left > 0) co_await batch.done.wait_for(std::chrono::hours(1));
  co_return std::move(batch.outcomes);
}

namespace {

// What to do about the step that failed.
std::string mend_of(std::string_view step, SmtpSettings const& settings) {
  auto const where = settings.host + ":" + std::to_string(settings.port);
  if (step == "connect") return " - check that " + where + " is right and that a firewall lets this machine out";
  if (step == "tls" && settings.security == SmtpSecurity::tls) return " - check that " + where + " speaks TLS at once (security tls), or set security to starttls";
  if (step == "tls") return " - set security to none if the server has no TLS, or verify_certificate to false if its certificate is self-signed";
  if (step == "login") return settings.username.empty() ? " - the server wants a username and a password" : " - check username and password";
  return " - ask who runs " + where;
}

}  // namespace

Task<CheckReport> SmtpProvider::check() {
  auto const pool = pool_;
  SmtpSession session(pool->executor, pool->settings, pool->options, pool->tls);
  co_await session.open();
  CheckReport report;
  report.items = session.steps();
  for (auto& item : report.items)
    if (!item.good) item.detail += mend_of(item.name, pool->settings);
  co_await session.quit();
  co_return report;
}

Task<void> SmtpProvider::close() {
  auto const pool = pool_;
  pool->closing = true;
  Outcome outcome;
  outcome.reply = "the provider is being closed";
  auto waiting = std::exchange(pool->queue, {});
  for (auto const& item : waiting) item.batch->settle(item.index, outcome);
  for (auto* const signal : std::exchange(pool->idle, {})) signal->notify();
  co_await pool->group.join();
}

}  // namespace postrider::delivery
