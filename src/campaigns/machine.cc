#include "postrider/campaigns/machine.h"

#include "postrider/json/names.h"

namespace postrider::campaigns {

std::optional<Status> next_status(Status from, Verb verb) {
  bool const open = from == Status::draft || from == Status::scheduled;
  bool const running = from == Status::active || from == Status::paused;
  auto when = [](bool allowed, Status to) { return allowed ? std::optional<Status>(to) : std::nullopt; };
  switch (verb) {
    case Verb::schedule: return when(open, Status::scheduled);
    case Verb::launch: return when(open, Status::active);
    case Verb::start: return when(from == Status::scheduled || from == Status::active, Status::active);  // active: the next run
    case Verb::approve: return when(from == Status::scheduled || from == Status::active, Status::active);
    case Verb::undo: return when(from == Status::scheduled || running, Status::draft);
    case Verb::pause: return when(from == Status::active, Status::paused);
    case Verb::resume: return when(from == Status::paused, Status::active);
    case Verb::cancel: return when(open || running, Status::canceled);
    case Verb::complete: return when(from == Status::active, Status::completed);
    case Verb::retry: return when(from == Status::completed || from == Status::active, Status::active);
  }
  return std::nullopt;
}

Error refused(Status from, Verb verb) {
  std::string message = "the campaign is " + std::string(json::name_of(from)) + ": ";
  switch (verb) {
    case Verb::schedule:
    case Verb::launch: message += from == Status::paused ? "resume it instead" : "only a draft or scheduled one can be launched or scheduled"; break;
    case Verb::start:
    case Verb::approve: message += "nothing of it waits for approval"; break;
    case Verb::undo: message += from == Status::draft ? "there is nothing to undo" : "it has ended, and what was sent cannot be undone"; break;
    case Verb::pause: message += "only an active one can be paused"; break;
    case Verb::resume: message += "only a paused one can be resumed"; break;
    case Verb::cancel: message += "it has ended already"; break;
    case Verb::complete: message += "only an active one can be completed"; break;
    case Verb::retry: message += "only a completed or active one can be retried"; break;
  }
  return conflict(std::move(message));
}

bool may_edit(Status status, Part part) {
  switch (part) {
    case Part::name:
    case Part::metadata: return true;
    case Part::throttle: return status != Status::completed && status != Status::canceled;
    case Part::everything_else: return status == Status::draft || status == Status::scheduled;
  }
  return false;
}

}  // namespace postrider::campaigns
