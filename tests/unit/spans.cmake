render_test(
  spans_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/span_context_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/otlp_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/span_policy_test.cpp
  DEPENDS render_span_policy render_tracer)

render_test(
  attempt_spans_test
  LABEL unit
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/attempt_spans_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/stage_spans_test.cpp
  DEPENDS render_supervisor_policy
          render_gpu_instance_policy
          render_webhook_policy
          render_plans
          render_renderer)
