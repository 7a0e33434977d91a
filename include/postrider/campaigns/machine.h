// The states of a campaign and every arrow between them. Pure; the shell around it writes the new state, its audit entry and its jobs.
//
//   draft -schedule-> scheduled -start-> active -complete-> completed -retry-> active
//   draft -launch-> active <-resume- paused <-pause- active;  undo: scheduled, active, paused -> draft;  cancel: all that has not ended
#pragma once

#include "postrider/base/error.h"

#include <boost/describe/enum.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace postrider::campaigns {

enum class Status { draft, scheduled, active, paused, completed, canceled };
BOOST_DESCRIBE_ENUM(Status, draft, scheduled, active, paused, completed, canceled)

// start and complete are the scheduler's own; approve is a person's start of what was held.
enum class Verb { schedule, launch, start, approve, undo, pause, resume, cancel, complete, retry };
BOOST_DESCRIBE_ENUM(Verb, schedule, launch, start, approve, undo, pause, resume, cancel, complete, retry)

// Where the verb leads; nothing when it is not allowed in this state.
std::optional<Status> next_status(Status from, Verb verb);
// A conflict that names the state and what could be done instead.
Error refused(Status from, Verb verb);

// What may be changed in a state. After a launch only what does not change what people get.
enum class Part { name, metadata, throttle, everything_else };
bool may_edit(Status status, Part part);

}  // namespace postrider::campaigns
