render_test(
  comfyui_test
  LABEL unit
  PURE
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/comfyui_test.cpp
  DEPENDS render_plans)
