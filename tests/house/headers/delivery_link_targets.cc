#include "postrider/delivery/link_targets.h"
