render_test(
  comfyui_events_test
  LABEL integration
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/comfyui_events_test.cpp
  DEPENDS render_small_world render_websocket_loop
  TIMEOUT 180)
target_compile_definitions(
  comfyui_events_test
  PRIVATE WORKFLOW_FILE="${PROJECT_SOURCE_DIR}/deploy/workflows/portrait.json")
add_dependencies(comfyui_events_test c3-render-worker c3-local-cloud)
