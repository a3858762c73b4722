// Fault injection: BOTBOTTLE_FAULT=<point> ends this process with SIGKILL when it comes there.
//
// Present in the product, so that what is tested is what is shipped. It gives nobody anything: who
// sets the environment of an operator's command could kill that command all the same, and no
// bottle sets it (docs/decisions/0008-fault-points-in-the-product.md).
#pragma once

#include <string_view>

namespace botbottle {

// `point` is "<start|relaunch|stop|apply|cleanup>.<phase that has ended>".
void fault_point(std::string_view point);

}  // namespace botbottle
